/** A minimal Express program: `node express-process.js PORT` loads it and responds. */
import express from 'express';

const app = express();
app.get('/status', (_req, res) => {
  res.json({ status: 'ok' });
});
app.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
