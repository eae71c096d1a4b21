#!/usr/bin/env node
/**
 * The bin of `tollgate`: checks Node's version before it imports anything. With a Node that is too old, the packages fail
 * at import, each with a different error.
 */
const MIN_NODE = { major: 20, minor: 19 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > MIN_NODE.major || (major === MIN_NODE.major && minor >= MIN_NODE.minor)) {
  await import('./run.js');
} else {
  process.stderr.write(
    `tollgate: needs Node ${MIN_NODE.major}.${MIN_NODE.minor} or later; this is Node ${process.versions.node}\n`,
  );
  process.exitCode = 2;
}

export {};
