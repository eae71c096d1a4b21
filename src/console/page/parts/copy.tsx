/** Texts that are copied whole. */
import { useEffect, useState } from 'preact/hooks';

/** A button that copies a text, and says that it did. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  useEffect(() => {
    if (state === 'ready') return undefined;
    const timer = setTimeout(() => setState('ready'), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = (): void => {
    copyText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    );
  };
  const shown = { ready: 'Copy', copied: 'Copied', failed: 'Select and copy it' }[state];
  return (
    <button type="button" class="button small" onClick={copy} aria-label={`${shown}: ${label}`}>
      <span aria-live="polite">{shown}</span>
    </button>
  );
}

/** A value that is shown whole, with a button that copies it. */
export function CopyLine({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div class="secret-line">
      <code>{text}</code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** Without TLS, a host that is not loopback has no clipboard API. */
async function copyText(text: string): Promise<void> {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- absent without a secure context
  if (!navigator.clipboard) throw new Error('no clipboard');
  await navigator.clipboard.writeText(text);
}
