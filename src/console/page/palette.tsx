/** The command palette, at Ctrl K or Cmd K: goes to a page or an app, debugs a pasted token, looks up a request id. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { AppSummary } from '../api/apps';
import { useLoaded } from './load';
import { commandsFor, type Command } from './palette-commands';
import { Dialog } from './parts/dialog';
import { Name } from './parts/name';
import { useSession } from './session';

/** Opens the palette at its keys, and draws the button that opens it. */
export function Palette() {
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      setIsOpen((before) => !before);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  return (
    <>
      <button type="button" class="button small palette-opener" onClick={() => setIsOpen(true)}>
        Go to <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      {isOpen && <PaletteDialog onClose={() => setIsOpen(false)} />}
    </>
  );
}

function PaletteDialog({ onClose }: { readonly onClose: () => void }) {
  const session = useSession();
  const apps = useLoaded<{ readonly apps: readonly AppSummary[] }>('apps').data?.apps ?? [];
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const commands = commandsFor(text.trim(), apps, session);
  const current = Math.min(chosen, commands.length - 1);
  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    command.run();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      event.preventDefault();
      run(commands[current]);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || commands.length === 0) return;
    event.preventDefault();
    setChosen((current + step + commands.length) % commands.length);
  };
  return (
    <Dialog title="Go to" isTitleHidden onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label="Page, app, token or request id"
        aria-expanded={commands.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={commands.length > 0 ? `${id}-${current}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder="An app, a page, a token or a request id"
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <ul class="palette-list" id={`${id}-list`} role="listbox" aria-label="Places">
        {commands.map((command, at) => (
          <Option
            key={command.key}
            id={`${id}-${at}`}
            command={command}
            isChosen={at === current}
            onRun={() => run(command)}
          />
        ))}
      </ul>
      <p class="soft small" role="status">
        {commands.length === 0
          ? 'Nothing matches.'
          : 'A pasted token stays in this page and goes to the gateway only.'}
      </p>
    </Dialog>
  );
}

interface OptionProps {
  readonly id: string;
  readonly command: Command;
  readonly isChosen: boolean;
  readonly onRun: () => void;
}

function Option({ id, command, isChosen, onRun }: OptionProps) {
  return (
    <li id={id} role="option" aria-selected={isChosen} onClick={onRun}>
      <Name text={command.text} />
      <span class="soft small">{command.kind}</span>
    </li>
  );
}
