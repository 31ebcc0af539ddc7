// What the SIPp callers do, as its XML. The number that a call dials and the caller's own come from a CSV or are fixed.

const SDP = `v=0
      o=bench 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 8 101
      a=rtpmap:8 PCMA/8000
      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
      a=ptime:20`;

const VIA = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]';
const PROVISIONAL = '<recv response="100" optional="true"/><recv response="180" optional="true"/><recv response="183" optional="true"/>';

function dialog(method: string, sequence: number): string {
  return `<![CDATA[
      ${method} [next_url] SIP/2.0
      ${VIA}
      From: <sip:[field1]@127.0.0.1>;tag=[pid]SIPpTag[call_number]
      To: <sip:[field0]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: ${sequence} ${method}
      Contact: <sip:bench@[local_ip]:[local_port]>
      Max-Forwards: 70
      Content-Length: 0

    ]]>`;
}

const INVITE = `<send retrans="500" start_rtd="1"><![CDATA[
      INVITE sip:[field0]@[remote_ip]:[remote_port] SIP/2.0
      ${VIA}
      From: <sip:[field1]@127.0.0.1>;tag=[pid]SIPpTag[call_number]
      To: <sip:[field0]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:bench@[local_ip]:[local_port]>
      Max-Forwards: 70
      Content-Type: application/sdp
      Content-Length: [len]

      ${SDP}
    ]]></send>`;

const ANSWERED = `${PROVISIONAL}<recv response="200" rtd="1" rrs="true"/><send>${dialog('ACK', 1)}</send>`;
const BYE = `<send retrans="500">${dialog('BYE', 2)}</send><recv response="200"/>`;
const OK = `<send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

    ]]></send>`;
const keys = (file: string): string => `<nop><action><exec play_pcap_audio="${file}"/></action></nop>`;
const scenario = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="bench">\n${body}\n</scenario>\n`;

/** Dials, presses 1 into the menu's prompt after `keyAfterMs`, and waits for the other side to hang up. */
export function menuCaller(keyAfterMs: number): string {
  return scenario(`${INVITE}${ANSWERED}<pause milliseconds="${keyAfterMs}"/>${keys('key-1.pcap')}<recv request="BYE" timeout="5000"/>${OK}`);
}

/** Stays in a menu, presses a key `presses` times every `everyMs` (key-0.pcap, key-1.pcap …), then hangs up. */
export function menuDweller(presses: number, everyMs: number): string {
  const pressed = Array.from({ length: presses }, (_, turn) => `<pause milliseconds="${everyMs}"/>${keys(`key-${turn}.pcap`)}`).join('');
  return scenario(`${INVITE}${ANSWERED}${pressed}<pause milliseconds="${everyMs}"/>${BYE}`);
}

/** Hangs up at a random moment within `withinMs` of being answered, whatever it hears. */
export function restlessCaller(withinMs: number): string {
  const leave = `<pause distribution="uniform" min="0" max="${withinMs}"/>${BYE}`;
  return scenario(`${INVITE}${ANSWERED}${leave}`);
}

/** Takes the call back (CANCEL) at a random moment within `withinMs`, before anybody answered. */
export function impatientCaller(withinMs: number): string {
  const cancel = `<![CDATA[
      CANCEL sip:[field0]@[remote_ip]:[remote_port] SIP/2.0
      ${VIA.replace('[branch]', '[branch-4]')}
      From: <sip:[field1]@127.0.0.1>;tag=[pid]SIPpTag[call_number]
      To: <sip:[field0]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 CANCEL
      Max-Forwards: 70
      Content-Length: 0

    ]]>`;
  const ack = `<![CDATA[
      ACK sip:[field0]@[remote_ip]:[remote_port] SIP/2.0
      ${VIA.replace('[branch]', '[branch-7]')}
      From: <sip:[field1]@127.0.0.1>;tag=[pid]SIPpTag[call_number]
      To: <sip:[field0]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0

    ]]>`;
  // CANCEL and this ACK carry the branch of the INVITE, which SIPp counts back to in messages.
  return scenario(`${INVITE.replace(' start_rtd="1"', '')}<recv response="100"/><recv response="180"/><pause distribution="uniform" min="0" max="${withinMs}"/><send retrans="500">${cancel}</send>
    <recv response="200"/><recv response="487"/><send>${ack}</send>`);
}

/** SIPp's CSV: the numbers dialled in turn, and a caller's number of their own for each line. */
export function callers(dialled: readonly string[], lines: number): string {
  const rows = Array.from({ length: lines }, (_, n) => `${dialled[n % dialled.length] ?? ''};+4477009${String(n % 100_000).padStart(5, '0')};`);
  return `SEQUENTIAL\n${rows.join('\n')}\n`;
}
