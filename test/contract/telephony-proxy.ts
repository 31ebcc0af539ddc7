// A TCP connection that a test can cut and restore: what a broken network does between us and Asterisk.
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly url: string;
  /** Everything that went towards Asterisk, for tests that look for what must not be on the wire; the last 256 kB. */
  sent = '';
  readonly #server: Server;
  /** Connections that were tried, answered or not. */
  tries = 0;
  /** Where Asterisk's ARI is now. */
  target: URL;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  constructor(server: Server, target: URL) {
    this.#server = server;
    this.target = target;
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    server.on('connection', (near) => this.#join(near));
  }

  static async open(target: URL): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, target);
  }

  /** Connections that stand. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  /** Ends every connection and refuses new ones. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }
  restore(): void {
    this.#isCut = false;
  }
  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    this.tries += 1;
    near.on('error', () => {});
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(this.target.port), this.target.hostname);
    far.on('error', () => {});
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    near.on('data', (bytes: Buffer) => {
      this.sent = (this.sent + bytes.toString('latin1')).slice(-262_144);
    });
  }
}
