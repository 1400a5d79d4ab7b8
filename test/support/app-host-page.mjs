// The page of a small host of MCP Apps: the official bridge around one sandboxed frame. `callServer` is the test's.
import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';

const frame = document.querySelector('iframe');

window.openApp = async ({ theme, toolArguments, toolResult }) => {
  const bridge = new AppBridge(null, { name: 'test host', version: '1' }, { serverTools: {} }, { hostContext: { theme } });
  window.bridge = bridge;
  window.sizes = [];
  bridge.oncalltool = (params) => window.callServer(params);
  bridge.onsizechange = ({ height }) => {
    window.sizes.push(height);
    frame.style.height = `${height}px`;
  };
  const ready = new Promise((resolve) => {
    bridge.oninitialized = resolve;
  });
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.src = '/app.html';
  await ready;
  await bridge.sendToolInput({ arguments: toolArguments });
  await bridge.sendToolResult(toolResult);
};
