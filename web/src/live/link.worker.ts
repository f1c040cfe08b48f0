// The SharedWorker: holds the one event stream of all tabs. Browsers allow six connections to a host over HTTP/1.1, and
// one for each tab would leave the seventh without a page.
import { type Asked, EVENTS_URL, Hub } from './hub';

const hub = new Hub(EVENTS_URL);

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (!port) return;
  port.addEventListener('message', ({ data }: MessageEvent<Asked>) => hub.asked(port, data));
  port.start();
});
