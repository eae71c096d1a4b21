/** What is shown once an application is created: its key and secret, and how to use them. */
import { useState } from 'preact/hooks';
import type { CreatedApp } from '../../api/apps';
import { CopyButton, CopyLine } from '../parts/copy';
import { Page } from '../parts/page';
import { Tabs } from '../parts/tabs';
import { linkTo } from '../router';
import { snippetIn, type Language, type SnippetInput } from '../snippets';

const LANGUAGES = [
  { key: 'curl', text: 'curl' },
  { key: 'node', text: 'Node' },
  { key: 'python', text: 'Python' },
] as const;

/** Shows key and secret of a new application. */
export function CreatedPage({ created }: { readonly created: CreatedApp }) {
  const { app, secret, origin, token_endpoint: endpoint, example_path: examplePath } = created;
  return (
    <Page title={`${app.name} is created`} above={<a href={linkTo('apps')}>Apps</a>}>
      <section class="card stack" aria-labelledby="created-secret">
        <h2 id="created-secret">Key and secret</h2>
        <LabelledLine label="Key" text={app.key} />
        <LabelledLine label="Secret" text={secret} />
        <p class="notice warn">
          This secret is shown once. Copy it now and keep it where only the application reads it.
        </p>
      </section>
      {endpoint && (
        <section class="card" aria-labelledby="created-use">
          <h2 id="created-use">Use it</h2>
          <Snippets input={{ key: app.key, secret, origin, endpoint, examplePath }} />
        </section>
      )}
      <p>
        <a class="button primary" href={linkTo('apps', app.key)}>
          Go to the application
        </a>
      </p>
    </Page>
  );
}

/** A value with its label and a copy button. */
export function LabelledLine({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <div>
      <p class="label">{label}</p>
      <CopyLine label={label.toLowerCase()} text={text} />
    </div>
  );
}

function Snippets({ input }: { readonly input: SnippetInput }) {
  const [language, setLanguage] = useState<Language>('curl');
  const text = snippetIn(language, input);
  return (
    <Tabs label="Language" tabs={LANGUAGES} chosen={language} onChoose={setLanguage}>
      <div class="snippet-frame">
        {/* It scrolls, so the keyboard must reach it. */}
        <pre class="snippet" tabIndex={0}>
          <code>{text}</code>
        </pre>
        <CopyButton label={`${language} snippet`} text={text} />
      </div>
    </Tabs>
  );
}
