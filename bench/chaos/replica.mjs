// One server as it is shipped, except that a second stands for the minutes after which alert rules fire.
import { serve } from '../../src/cli/serve.ts';

// Several servers that load it at once take longer than a probe of the embedder waits: with minutes of patience, that is no alert.
await import('openai');
const [port, everyMs, speedUp] = process.argv.slice(2);
const alertPace = { everyMs: Number(everyMs), speedUp: Number(speedUp) };
process.exitCode = await serve({ transport: 'http', port: Number(port), store: [], region: [] }, { alertPace });
