import { html } from '../parts/elements.ts';
import { ask } from './requests.ts';

/** Takes a pasted access token; the server keeps it sealed in a cookie that no script can read. */
export function loginForm(onDone: () => void, told = ''): HTMLElement {
  const field = html('input', { id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true });
  const status = html('p', { class: 'status error', role: 'alert' }, told);
  const send = async (event: Event) => {
    event.preventDefault();
    const token = field.value;
    field.value = '';
    try {
      await ask('/dashboard/session', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ token }),
      });
      onDone();
    } catch (error) {
      status.textContent = (error as Error).message;
      field.focus();
    }
  };
  return html(
    'form',
    { class: 'login panel', submit: (event) => void send(event) },
    html('h1', {}, 'Dashboard'),
    html('p', { class: 'note' }, 'Paste an access token for this server. The session ends with it.'),
    html('label', { for: 'token' }, 'Access token'),
    field,
    html('button', { type: 'submit' }, 'Log in'),
    status,
  );
}
