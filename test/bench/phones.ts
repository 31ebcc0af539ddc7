// The two phones of the bench plan: 201 rings and never answers, 202 answers and stays.
import { createAnsweringPhone, type AnsweringPhone } from '../../src/sipua/answering-phone.ts';
import type { Application } from './application.ts';

export async function registerPhones(application: Application): Promise<{ close(): Promise<void> }> {
  const phone = async (extension: string, policy: Parameters<AnsweringPhone['setPolicy']>[0]): Promise<AnsweringPhone> => {
    const secret = (await application.api(`/v1/phones/bench/${extension}/secret`, 'POST')) as { username: string; password: string };
    return createAnsweringPhone({
      bindHost: '127.0.0.1', remote: { host: '127.0.0.1', port: application.sipPort }, credentials: { username: secret.username, password: secret.password }, expiresS: 600, policy,
    });
  };
  const phones = [await phone('201', { kind: 'no-answer' }), await phone('202', { kind: 'answer' })];
  return {
    async close() {
      await Promise.all(phones.map((one) => one.close()));
    },
  };
}
