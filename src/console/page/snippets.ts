/** Programs that get a token with key and secret and send a request with it, ready to paste. */
import type { CreatedApp } from '../api/apps';

/** What a snippet needs to know. */
export interface SnippetInput {
  readonly key: string;
  readonly secret: string;
  readonly origin: string;
  readonly endpoint: NonNullable<CreatedApp['token_endpoint']>;
  /** Null: the snippet only gets a token. */
  readonly examplePath: string | null;
}

export type Language = 'curl' | 'node' | 'python';

/** The program in a language. It needs nothing that does not come with the language. */
export function snippetIn(language: Language, input: SnippetInput): string {
  return { curl, node, python }[language](input);
}

function curl({ origin, endpoint, examplePath, ...input }: SnippetInput): string {
  const fields = fieldsOf(endpoint.grant, input)
    .map(([name, value]) => `--data-urlencode ${shell(`${name}=${value}`)}`)
    .join(' \\\n  ');
  const url = shell(origin + endpoint.path);
  const token = `TOKEN=$(curl --silent --show-error ${fields} \\\n  ${url} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  const use =
    examplePath === null
      ? 'echo "$TOKEN"'
      : `curl --include --header "Authorization: Bearer $TOKEN" ${shell(origin + examplePath)}`;
  return `${token}\n${use}\n`;
}

function node({ origin, endpoint, examplePath, ...input }: SnippetInput): string {
  const fields = fieldsOf(endpoint.grant, input)
    .map(([name, value]) => `    ${name}: ${literal(value)},\n`)
    .join('');
  const use =
    examplePath === null
      ? 'console.log(access_token);'
      : `const response = await fetch(${literal(origin + examplePath)}, {
  headers: { authorization: \`Bearer \${access_token}\` },
});
console.log(response.status, await response.text());`;
  return `// Save it as app.mjs and run: node app.mjs
const granted = await fetch(${literal(origin + endpoint.path)}, {
  method: 'POST',
  body: new URLSearchParams({
${fields}  }),
});
const { access_token } = await granted.json();
${use}
`;
}

function python({ origin, endpoint, examplePath, ...input }: SnippetInput): string {
  const fields = fieldsOf(endpoint.grant, input)
    .map(([name, value]) => `    ${literal(name)}: ${literal(value)},\n`)
    .join('');
  const use =
    examplePath === null
      ? 'print(token)'
      : `call = request.Request(${literal(origin + examplePath)}, headers={"Authorization": f"Bearer {token}"})
with request.urlopen(call) as response:
    print(response.status, response.read().decode())`;
  return `import json
from urllib import parse, request

form = parse.urlencode({
${fields}})
with request.urlopen(${literal(origin + endpoint.path)}, form.encode()) as granted:
    token = json.load(granted)["access_token"]
${use}
`;
}

type Fields = readonly (readonly [name: string, value: string])[];

function fieldsOf(
  grant: SnippetInput['endpoint']['grant'],
  { key, secret }: Pick<SnippetInput, 'key' | 'secret'>,
): Fields {
  if (grant === 'key_secret')
    return [
      ['key', key],
      ['secret', secret],
    ];
  return [
    ['grant_type', 'client_credentials'],
    ['client_id', key],
    ['client_secret', secret],
  ];
}

function shell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A string literal of JavaScript, which Python reads too. */
function literal(text: string): string {
  return JSON.stringify(text);
}
