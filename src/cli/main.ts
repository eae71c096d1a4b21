#!/usr/bin/env node
/**
 * The bin of `tollgate`: with a Node that is too old the packages that the gate stands on fail as they are loaded, each in
 * a way of its own. So nothing is imported before the version is known.
 */
const OLDEST = { major: 20, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) {
  await import('./run.js');
} else {
  process.stderr.write(
    `tollgate: needs Node ${OLDEST.major}.${OLDEST.minor} or later; this is Node ${process.versions.node}\n`,
  );
  process.exitCode = 2;
}

export {};
