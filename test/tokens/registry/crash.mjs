/** A gate that will be killed: creates and deletes apps, and says what it begins and what it has been promised. */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openRegistry } from '../../../dist/tokens/registry/open.js';

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const registry = await openRegistry(JSON.parse(process.argv[2]), { log });
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);

async function tell(deed, key, act) {
  say('begins', deed, key);
  await act();
  say('has', deed, key);
}

say('ready');
const living = [];
for (;;) {
  const key = randomBytes(16).toString('hex');
  const app = { key, secretHash: randomBytes(32), name: 'app', scopes: ['a:*'], createdAtMs: Date.now() };
  await tell('created', key, () => registry.createApp(app));
  living.push(key);
  if (living.length < 3) continue;
  const oldest = living.shift();
  await tell('deleted', oldest, () => registry.deleteApp(oldest, Date.now(), ['tokens', 'named']));
}
