/** A modal dialog: the browser keeps the focus in it, closes it at Escape, and gives the focus back. */
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly title: string;
  /** Called when it is closed in any way; the caller then no longer draws it. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** Whether its title is only for screen readers. */
  readonly isTitleHidden?: boolean;
}

/** Opens as it is drawn. */
export function Dialog({ title, onClose, children, isTitleHidden = false }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={({ target }) => {
        // The dialog itself is the target only outside its content.
        if (target === dialog.current) onClose();
      }}
    >
      <div class="dialog-content stack">
        <h2 id={id} class={isTitleHidden ? 'visually-hidden' : undefined}>
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
