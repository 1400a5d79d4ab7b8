import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The generator's process, as an object with one method a command. */
export function startLoad() {
  const child = fork(fileURLToPath(new URL('generator.mjs', import.meta.url)), { serialization: 'advanced' });
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  });
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the load generator ended with ${code}`));
  });
  const command = (name) => (options) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      child.send({ id: last, command: name, ...options });
    });
  return {
    open: command('open'),
    tools: command('tools'),
    prepare: command('prepare'),
    verify: command('verify'),
    run: command('run'),
    flight: command('flight'),
    close: command('close'),
    end: () => child.disconnect(),
  };
}
