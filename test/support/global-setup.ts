import { digestVariable, prepareTemplates, templateDigest } from './databases.ts';

/** Makes the seeded databases that tests copy, once a run. */
export default async function setup(): Promise<void> {
  // One digest for the whole run, also when a file changes in the middle of it.
  process.env[digestVariable] = templateDigest();
  await prepareTemplates();
}
