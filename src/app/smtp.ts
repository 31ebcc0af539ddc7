// Mail for notices, over one SMTP server. Nothing is kept when it cannot be sent: the caller tries again.
import type { Transporter } from 'nodemailer';
import { cleanText } from '../numbering/clean-text.ts';

/** null = the mail server has taken it; else why not, as a sentence part without user or password. Never rejects. */
export type SendMail = (to: string, subject: string, text: string) => Promise<string | null>;

const TIME_LIMIT_MS = 20_000;
const MAX_REASON = 200;

export function smtpSender(url: string, from: string): SendMail {
  let made: Promise<Transporter> | null = null;
  return async (to, subject, text) => {
    try {
      // As an object: text with a comma would be read as several addresses.
      await (await (made ??= makeTransport(url))).sendMail({ from, to: { name: '', address: to }, subject, text });
      return null;
    } catch (error) {
      return reasonOf(error);
    }
  };
}

/** Loaded with the first mail: calls after a crash do not wait for it. */
async function makeTransport(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({ url, connectionTimeout: TIME_LIMIT_MS, greetingTimeout: TIME_LIMIT_MS, socketTimeout: TIME_LIMIT_MS, disableFileAccess: true, disableUrlAccess: true });
}

function reasonOf(error: unknown): string {
  const { code, responseCode, message } = error as { code?: unknown; responseCode?: unknown; message?: unknown };
  if (code === 'EAUTH') return 'the mail server refused the user or password of GENVOICE_SMTP_URL';
  if (typeof responseCode === 'number') return `the mail server answered ${responseCode}`;
  return `the mail server could not be used: ${cleanText(typeof message === 'string' ? message : 'unknown', MAX_REASON)}`;
}
