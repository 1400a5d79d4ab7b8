/**
 * Links of the documents and of docs/resources.json to elsewhere: `npm run docs:links` checks their form alone, with `--online` it
 * asks for each. A page that says it is gone (404, 410) fails; one that cannot be reached does not, since that may be our network.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linksIn, readDocuments, root } from './docs/documents.mjs';

const online = process.argv.includes('--online');
const resources = JSON.parse(await readFile(join(root, 'docs/resources.json'), 'utf8'));
const links = new Map();
for (const { path, text } of await readDocuments()) {
  for (const link of linksIn(text)) if (/^https?:/.test(link)) links.set(link, path);
}
for (const { url } of resources.resources) links.set(url, 'docs/resources.json');

const bad = [];
let unreachable = 0;
for (const [link, path] of links) {
  if (!URL.canParse(link)) bad.push(`${path}: ${link} is no address`);
  if (!online || !link.startsWith('https:')) continue;
  const status = await fetch(link, { method: 'GET', redirect: 'follow', signal: AbortSignal.timeout(10_000) }).then(
    (response) => response.status,
    () => undefined,
  );
  if (status === undefined) unreachable += 1;
  if (status === 404 || status === 410) bad.push(`${path}: ${link} is gone (${status})`);
}
for (const fault of bad) console.error(fault);
console.log(
  `${links.size} links, ${bad.length} bad${online ? `, ${unreachable} could not be reached` : '; not asked for (--online does)'}`,
);
if (online && bad.length === 0 && unreachable === 0) {
  console.log(`Every page answered: "checkedOnline" in docs/resources.json may say ${new Date().toISOString().slice(0, 10)}.`);
}
process.exitCode = bad.length > 0 ? 1 : 0;
