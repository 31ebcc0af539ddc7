// Answers the other side's requests inside a call: BYE, re-INVITE, UPDATE, INFO, REFER, NOTIFY, OPTIONS. One function per method.
// Read `answerInDialog` first.
import { cseqOf, headerOf, headersOf } from './message.ts';
import { addressOf, tagOf } from './address.ts';
import { causeOf } from './call-events.ts';
import { responseTo } from './server-transaction.ts';
import type { ResponseParts, ServerTransaction } from './server-transaction.ts';
import { ALLOW, contentType, SDP_TYPE } from './host.ts';
import { contactOf } from './dialog.ts';
import type { Call } from './call.ts';
import { eventOf } from './rtp-packet.ts';

/** Answers one request; one out of order gets 500 (RFC 3261 12.2.2), one of another dialog 481. */
export function answerInDialog(call: Call, transaction: ServerTransaction): void {
  const { request } = transaction;
  const reply = (code: number, parts: ResponseParts = {}): void => void transaction.respond(responseTo(request, code, { toTag: call.localTag, ...parts }));
  const { seq } = cseqOf(request);
  if (call.dialog) {
    if (tagOf(request, 'from') !== call.dialog.remoteTag) return reply(481); // somebody else who learned our tag
    if (seq <= call.dialog.remoteSeq) return reply(500, { reason: 'CSeq out of order' });
    call.dialog.remoteSeq = seq;
  }
  switch (request.method) {
    case 'BYE':
      reply(200);
      return endByBye(call, transaction);
    case 'INVITE':
    case 'UPDATE':
      return changeMedia(call, transaction, reply);
    case 'INFO':
      reply(200);
      return hearInfo(call, request.body);
    case 'REFER':
      return takeRefer(call, transaction, reply);
    case 'NOTIFY':
      reply(200);
      return hearNotify(call, transaction);
    case 'OPTIONS':
      return reply(200, { headers: [ALLOW] });
    default:
      return reply(405, { headers: [ALLOW] });
  }
}

function endByBye(call: Call, transaction: ServerTransaction): void {
  const { request } = transaction;
  call.finish('remote', causeOf(headersOf(request, 'reason'), headerOf(request, 'x-asterisk-hangupcausecode')));
  call.terminateInvite?.(); // a BYE for an INVITE that still rings: the INVITE must get a final answer too
}

function changeMedia(call: Call, transaction: ServerTransaction, reply: (code: number, parts?: ResponseParts) => void): void {
  const { request } = transaction;
  const { media, dialog } = call;
  if (call.hasOwnInvite || (call.state === 'early' && request.method === 'INVITE')) return reply(491); // glare (RFC 3261 14.2)
  const target = contactOf(request);
  if (dialog && target !== undefined) dialog.remoteTarget = target;
  if (request.body === '' && request.method === 'UPDATE') return reply(200, { headers: [call.contact, ALLOW] });
  if (!media) return reply(500, { reason: 'No audio yet' });
  const before = media.remoteDirection;
  const body = request.body === '' ? media.offer() : media.answer(request.body);
  if (body === undefined) return reply(488);
  const tellChange = (): void => {
    if (media.remoteDirection !== before) call.events.emit({ kind: 'media', remoteDirection: media.remoteDirection });
  };
  if (request.method === 'INVITE') {
    transaction.onAckMissing(() => void call.hangup('SIP;cause=408;text="No ACK"'));
    if (request.body === '') {
      transaction.onAck((ack) => {
        if (ack.body !== '') media.takeAnswer(ack.body);
        tellChange();
      });
    }
  }
  reply(200, { headers: [call.contact, ALLOW, SDP_TYPE], body });
  tellChange();
}

function hearInfo(call: Call, body: string): void {
  const digit = /^Signal\s*=\s*([0-9A-Da-d*#])\s*$/m.exec(body.slice(0, 512))?.[1] ?? /^([0-9A-Da-d*#])\s*$/.exec(body.slice(0, 8))?.[1];
  const durationMs = Number(/^Duration\s*=\s*(\d{1,5})\s*$/m.exec(body.slice(0, 512))?.[1] ?? 0);
  if (digit !== undefined && eventOf(digit) !== undefined) call.events.emit({ kind: 'digit', digit: digit.toUpperCase(), durationMs, method: 'info' });
}

function takeRefer(call: Call, transaction: ServerTransaction, reply: (code: number, parts?: ResponseParts) => void): void {
  const { referAct, dialog } = call;
  const target = addressOf(transaction.request, 'refer-to').uriText;
  if (target === '') return reply(400, { reason: 'Refer-To missing' });
  call.events.emit({ kind: 'refer', target });
  if (!referAct || !dialog) return reply(603);
  reply(202, { headers: [call.contact] });
  const notify = (code: number, subscription: string): Promise<unknown> =>
    call.transact(dialog, 'NOTIFY', [call.contact, { name: 'event', value: 'refer' }, { name: 'subscription-state', value: subscription }, contentType('message/sipfrag;version=2.0')], `SIP/2.0 ${code} Report\r\n`);
  const report = async (): Promise<void> => {
    await notify(100, 'active;expires=60');
    const code = await referAct(target).catch((error: unknown) => {
      call.host.log(`transfer to ${target} failed: ${error instanceof Error ? error.message : 'unknown'}`);
      return 500;
    });
    await notify(code, 'terminated;reason=noresource');
  };
  void report();
}

function hearNotify(call: Call, transaction: ServerTransaction): void {
  const { request } = transaction;
  if (!/^refer\b/i.test(headerOf(request, 'event') ?? '')) return;
  const code = Number(/^SIP\/2\.0 ([1-6]\d\d)\b/i.exec(request.body)?.[1] ?? 0);
  if (code >= 200) call.noteReferReport(code);
  else if (/^terminated/i.test(headerOf(request, 'subscription-state') ?? '')) call.noteReferReport(code || 500);
}
