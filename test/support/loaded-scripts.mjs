/** The built gateway in a process of its own, which serves one request and then tells its parent all scripts that it has loaded. */
import { Session } from 'node:inspector';

const scripts = [];
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params: { url } }) => scripts.push(url));
session.post('Debugger.enable');

const { serve } = await import('../../dist/app/serve.js');
const { compileConfig } = await import('../../dist/config/config.js');
const { settings } = compileConfig(JSON.parse(process.argv[2]), { env: {}, baseFolder: process.cwd() });
const gate = await serve({
  started: settings,
  load: () => Promise.resolve(settings),
  env: { TOLLGATE_ADMIN_TOKEN: 'the-administrator-of-the-child' },
});
await (await fetch(`http://127.0.0.1:${gate.address.port}/a`)).text();
await gate.stop();
process.send(scripts);
process.disconnect();
