#!/usr/bin/env node
import { runCommandLine } from './cli/program.ts';

process.exitCode = await runCommandLine(process.argv);

/** What is still open, such as a connection or a thread, keeps no process whose work is done; what it has said is read to the end. */
const leave = () => {
  if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) process.exit();
};
setInterval(leave, 5_000).unref();
