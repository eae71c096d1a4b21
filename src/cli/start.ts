/** `tollgate start`: runs the gate until SIGTERM or SIGINT, then drains. */
import { loadConfig } from '../config/config.js';
import { EXIT_OK, type Command } from './command.js';
import { serve } from './serve.js';
import { untilSignal } from './signals.js';

export const start: Command = {
  name: 'start',
  summary: 'runs the gate',
  async run({ file, terminal }) {
    const { settings } = await loadConfig(file, terminal.env);
    const gate = await serve(settings, terminal.env);
    await untilSignal();
    await gate.stop();
    return EXIT_OK;
  },
};
