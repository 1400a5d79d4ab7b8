import { run } from '../services/run-command.mjs';

const label = 'candidate';

/** Azure Container Apps by its command line, which the pipeline has logged in. Multiple revisions must be active (infra/modules). */
export function containerApps({ app, job, group, image, publicUrl, jobWaitMs = 900_000, pollMs = 5000 }) {
  const az = async (...args) => {
    const { code, output } = await run('az', [...args, '--resource-group', group, '--only-show-errors']);
    if (code !== 0) throw new Error(`az ${args.slice(0, 4).join(' ')} failed (${code}): ${output.slice(-500)}`);
    return output;
  };
  const text = (value) => (value === '' || value === 'None' ? undefined : value);

  return {
    publicUrl,
    /** The revision that traffic is pinned to; before the first release it goes to the latest one. */
    async current() {
      const traffic = ['containerapp', 'ingress', 'traffic', 'show', '--name', app, '--output', 'tsv'];
      const pinned = text(await az(...traffic, '--query', '[?weight==`100` && revisionName].revisionName | [0]'));
      const ready = ['containerapp', 'show', '--name', app, '--query', 'properties.latestReadyRevisionName', '--output', 'tsv'];
      return pinned ?? text(await az(...ready));
    },
    /** Roles and schema, by the job that alone may do that. */
    async migrate() {
      await az('containerapp', 'job', 'update', '--name', job, '--image', image, '--output', 'none');
      const execution = await az('containerapp', 'job', 'start', '--name', job, '--query', 'name', '--output', 'tsv');
      const show = ['containerapp', 'job', 'execution', 'show', '--name', job, '--job-execution-name', execution];
      const deadline = performance.now() + jobWaitMs;
      for (;;) {
        const status = await az(...show, '--query', 'properties.status', '--output', 'tsv');
        if (status === 'Succeeded') return;
        if (status !== 'Running' && status !== 'Processing') throw new Error(`the migration ${execution} ended as ${status}`);
        if (performance.now() > deadline)
          throw new Error(`the migration ${execution} takes longer than ${jobWaitMs / 60_000} minutes`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
    async start() {
      const suffix = `r${image.split('@sha256:')[1]?.slice(0, 8) ?? ''}${Date.now().toString(36)}`;
      const query = 'properties.latestRevisionName';
      const update = ['containerapp', 'update', '--name', app, '--image', image, '--revision-suffix', suffix];
      return az(...update, '--query', query, '--output', 'tsv');
    },
    /** By a label, since the server answers to names that it knows and revisions' names are new each time. */
    async urlOf(revision) {
      await az(
        'containerapp',
        'revision',
        'label',
        'add',
        '--name',
        app,
        '--label',
        label,
        '--revision',
        revision,
        '--yes',
        '--output',
        'none',
      );
      const fqdn = await az(
        'containerapp',
        'show',
        '--name',
        app,
        '--query',
        'properties.configuration.ingress.fqdn',
        '--output',
        'tsv',
      );
      return `https://${fqdn.replace(/^([^.]+)/, `$1---${label}`)}`;
    },
    async route(revision) {
      await az(
        'containerapp',
        'ingress',
        'traffic',
        'set',
        '--name',
        app,
        '--revision-weight',
        `${revision}=100`,
        '--output',
        'none',
      );
    },
    async stop(revision) {
      await az('containerapp', 'revision', 'deactivate', '--name', app, '--revision', revision, '--output', 'none');
    },
  };
}
