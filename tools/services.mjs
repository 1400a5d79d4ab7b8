#!/usr/bin/env node
// Brings up a real PostgreSQL and a Redis on private loopback ports: docs/how-to/run-local-services.md.
import { fileURLToPath } from 'node:url';
import { createDebianServices, debianObstacle } from './services/debian-services.mjs';
import { createDockerServices, dockerObstacle } from './services/docker-services.mjs';
import { removeEnvFile, writeEnvFile } from './services/env-file.mjs';
import { loadPlan, ServicesError, USAGE } from './services/plan.mjs';
import { endCommandsOnSignal } from './services/run-command.mjs';

const checkout = fileURLToPath(new URL('..', import.meta.url));

function progress(line) {
  const seconds = Math.round(process.uptime()).toString().padStart(4);
  console.log(`[${seconds} s] ${line}`);
}

/** A Docker engine is preferred because it needs no root; SERVICES_BACKEND decides where both are there. */
async function chooseBackend(plan) {
  const docker = plan.backend === 'debian' ? 'not asked for (SERVICES_BACKEND=debian)' : await dockerObstacle();
  if (!docker) return createDockerServices({ plan, checkout, progress });
  const debian = plan.backend === 'docker' ? 'not asked for (SERVICES_BACKEND=docker)' : debianObstacle();
  if (!debian) return createDebianServices({ plan, progress });
  throw new ServicesError(
    `There is nothing to run the services with.\n  Docker: ${docker}\n  Debian: ${debian}`,
    'Start a Docker engine with the compose plugin, or run this as root on Debian (a container will do).',
  );
}

async function up(backend) {
  await backend.up();
  const running = await backend.running();
  await writeEnvFile(checkout, running);
  progress(`ready; addresses and password are in .services.env (${running.map((service) => service.name).join(', ')})`);
  return 0;
}

async function down(backend) {
  await backend.down();
  await removeEnvFile(checkout);
  return 0;
}

/** Exit code 0 means: everything this command line would bring up is running. */
async function status(backend, plan) {
  const running = await backend.running();
  const wanted = [...plan.postgres.map((version) => `PostgreSQL ${version}`), 'Redis'];
  for (const name of new Set([...wanted, ...running.map((service) => service.name)])) {
    const service = running.find((candidate) => candidate.name === name);
    console.log(service ? `${name}: running on 127.0.0.1:${service.port} (${service.detail})` : `${name}: not running`);
  }
  return wanted.every((name) => running.some((service) => service.name === name)) ? 0 : 1;
}

async function main() {
  const plan = loadPlan(process.argv.slice(2), process.env);
  if (plan.command === 'help') {
    console.log(USAGE);
    return 0;
  }
  const backend = await chooseBackend(plan);
  return { up, down, status }[plan.command](backend, plan);
}

endCommandsOnSignal();
try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof ServicesError)) throw error;
  console.error(`services: ${error.message}\n${error.hint}`);
  process.exitCode = 1;
}
