import { prepareTemplates } from './databases.ts';

/** Makes the seeded databases that tests copy, once a run. */
export default async function setup(): Promise<void> {
  await prepareTemplates();
}
