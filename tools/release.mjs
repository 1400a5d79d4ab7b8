#!/usr/bin/env node
// Releases an image to Azure Container Apps, and returns to the previous revision by itself where the new one fails its smoke test.
// Usage: SMOKE_TOKEN=… node tools/release.mjs --group G --image registry/name@sha256:… --url https://… [--app N] [--job N]
import { parseArgs } from 'node:util';
import { containerApps } from './release/container-apps.mjs';
import { replaceRevision } from './release/replace-revision.mjs';
import { endCommandsOnSignal } from './services/run-command.mjs';
import { smoke } from './smoke.mjs';

const options = {
  app: { type: 'string', default: 'zava-mcp-server' },
  job: { type: 'string', default: 'zava-mcp-server-migrate' },
  group: { type: 'string' },
  image: { type: 'string' },
  url: { type: 'string' },
};

function usage(problem) {
  console.error(
    `${problem}\nUsage: SMOKE_TOKEN=<token> node tools/release.mjs --group <group> --image <name@sha256:…> --url <url>`,
  );
  process.exit(2);
}

endCommandsOnSignal();
const { values } = parseArgs({ options });
const { app, job, group, image, url } = values;
const token = process.env.SMOKE_TOKEN;
if (!group || !URL.canParse(url ?? '')) usage('--group and --url are needed.');
if (!/^[\w./-]+@sha256:[0-9a-f]{64}$/.test(image ?? ''))
  usage('--image must name a digest: a tag can change between test and release.');
if (!token) usage('SMOKE_TOKEN is needed.');

const platform = containerApps({ app, job, group, image, publicUrl: url });
const say = (line) => console.log(line);
const { kept, reason } = await replaceRevision({ platform, say, smoke: (at) => smoke({ url: at, token, waitMs: 180_000 }) });
console.log(`serving: ${kept}`);
if (reason !== undefined) {
  console.error(`not released: ${reason}`);
  process.exit(1);
}
