/** To the person at the terminal: stdout is for what programs read. */
export const tell = (line: string) => process.stderr.write(`${line}\n`);

export const printJson = (value: unknown) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
