import { Socket } from 'node:net';
import { details, headline, type Notice } from '../notice.ts';
import { type AlertChannel, sendLimitMs } from './channel.ts';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  readonly from: string;
  readonly to: readonly string[];
  /** Whether a server is refused that offers no TLS, or has no certificate that this machine trusts. False for loopback only. */
  readonly requireTls: boolean;
}

/** TLS from the first byte on (RFC 8314); the others begin it with STARTTLS (RFC 3207). */
const implicitTlsPort = 465;

/** Plain text by SMTP. The library is loaded with the first mail. */
export function createEmailChannel(options: EmailOptions): AlertChannel {
  const { host, port, login, from, to, requireTls } = options;
  return {
    name: 'email',
    async send(notice, signal) {
      const { createTransport } = await import('nodemailer');
      signal.throwIfAborted();
      // Ours, so that it can be closed: the library has no way to give up a mail that is on its way.
      const socket = new Socket();
      const transport = createTransport({
        socket,
        host,
        port,
        secure: port === implicitTlsPort,
        requireTLS: requireTls && port !== implicitTlsPort,
        tls: { rejectUnauthorized: requireTls },
        ...(login && { auth: { user: login.user, pass: login.password } }),
        ...{ connectionTimeout: sendLimitMs, greetingTimeout: sendLimitMs, socketTimeout: sendLimitMs },
        // A mail holds nothing from files or addresses.
        ...{ disableFileAccess: true, disableUrlAccess: true },
      });
      const close = () => socket.destroy(new Error('given up'));
      signal.addEventListener('abort', close, { once: true });
      try {
        await transport.sendMail({ from, to: [...to], subject: headline(notice), text: textOf(notice) });
      } catch (error) {
        const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
        throw new Error(
          `the mail server did not take the mail (${[code, responseCode].filter(Boolean).join(' ') || 'no reason'})`,
        );
      } finally {
        signal.removeEventListener('abort', close);
        socket.destroy();
      }
    },
  };
}

function textOf(notice: Notice): string {
  return [notice.summary, '', ...details(notice).map(([name, text]) => `${name}: ${text}`), ''].join('\n');
}
