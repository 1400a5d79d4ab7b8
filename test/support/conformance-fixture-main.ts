import { startConformanceFixture } from './conformance-fixture.ts';

// For tools/conformance.mjs: the address is the only line on stdout, and the end of stdin is the end of the fixture.
const server = await startConformanceFixture();
process.stdout.write(`${server.url}\n`);
process.stdin.resume().on('end', () => void server.close(1000));
