/** `tollgate start`: runs the gate until SIGTERM or SIGINT, then drains. */
import { loadConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { EXIT_OK, type Command } from './command.js';
import { serve } from './serve.js';
import { untilSignal } from './signals.js';

export const start: Command = {
  name: 'start',
  summary: 'runs the gate',
  async run({ file, terminal }) {
    const load = async (): Promise<Settings> => (await loadConfig(file, terminal.env)).settings;
    const gate = await serve({ load, env: terminal.env });
    await untilSignal();
    await gate.stop();
    return EXIT_OK;
  },
};
