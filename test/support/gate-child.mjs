/** The built gate in a process of its own, which tells its parent of every exchange what the access log leaves out. */
import { serve } from '../../dist/app/serve.js';
import { compileConfig } from '../../dist/config/config.js';

const { settings } = compileConfig(JSON.parse(process.argv[2]), { env: {}, baseFolder: process.cwd() });
const gate = await serve({
  started: settings,
  load: () => Promise.resolve(settings),
  env: { TOLLGATE_ADMIN_TOKEN: 'the-administrator-of-the-child' },
  watch: ({ head, status, reason }) =>
    process.send({ id: head.id, method: head.method, target: head.target, status, reason }),
});
process.once('disconnect', () => process.exit());
process.send({ port: gate.address.port });
