/** The API of the sources as pages, under coverage/api: `npm run docs:api` */
import { installQualityTools, runTool } from './quality/run.mjs';

await installQualityTools();
await runTool('typedoc', [
  ...['--entryPoints', 'src', '--entryPointStrategy', 'expand', '--exclude', 'src/main.ts', '--out', 'coverage/api'],
  ...['--tsconfig', 'tools/quality/tsconfig.api.json', '--skipErrorChecking', '--readme', 'docs/explanation/architecture.md'],
  ...[
    '--name',
    'zava-mcp-server',
    '--excludeInternal',
    '--hideGenerator',
    '--disableSources',
    '--validation.notExported',
    'false',
  ],
]);
