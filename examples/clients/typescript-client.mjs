/** Asks a running server as whoever MCP_TOKEN speaks for: lists the tools, then revenue by store in 2025, the last year of the sample data. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { MCP_URL = 'http://127.0.0.1:8000/mcp', MCP_TOKEN = '' } = process.env;
const client = new Client({ name: 'example', version: '1.0.0' });
await client.connect(
  new StreamableHTTPClientTransport(new URL(MCP_URL), { requestInit: { headers: { Authorization: `Bearer ${MCP_TOKEN}` } } }),
);
const { tools } = await client.listTools();
console.log(tools.map(({ name }) => name).join('\n'));

const { isError, content, structuredContent } = await client.callTool({
  name: 'get_sales_metrics',
  arguments: { metrics: ['revenue'], dimensions: ['store'], period: '2025' },
});
// An error is an answer: its text says what to do.
if (isError) console.error(content[0].text);
else for (const row of structuredContent.rows) console.log(row.join('\t'));
await client.close();
