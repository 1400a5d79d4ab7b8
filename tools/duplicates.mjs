/** Copied code: prints each pair, and exits with 1 where there is more than the threshold of tools/quality/jscpd.json allows. `npm run duplicates` */
import { installQualityTools, runTool } from './quality/run.mjs';

await installQualityTools();
await runTool('jscpd', ['--config', 'tools/quality/jscpd.json', 'src', 'apps']).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
