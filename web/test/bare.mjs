// A page as a person's browser has it. A driver records each request with the place in the scripts that made it, for which
// V8 reads whole files again: 40 ms of a page's first 200. Here nothing is switched on but what is needed to open it.

/** Opens pages of `browser` (of `launch()`), each in a context of its own. */
export async function bare(browser) {
  const root = await browser.newBrowserCDPSession();
  const waits = new Map();
  let last = 0;
  root.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    const [done, fail] = waits.get(id) ?? [];
    waits.delete(id);
    if (error) fail?.(new Error(error.message));
    else done?.(result);
  });

  /** A window of its own, with nothing in its cache; `script` runs before those of each page. */
  async function open({ cookie, origin, width, height, script }) {
    const { browserContextId } = await root.send('Target.createBrowserContext');
    const [name, value] = cookie.split('=');
    await root.send('Storage.setCookies', { browserContextId, cookies: [{ name, value, url: origin }] });
    const { targetId } = await root.send('Target.createTarget', { url: 'about:blank', browserContextId, width, height });
    const { sessionId } = await root.send('Target.attachToTarget', { targetId, flatten: false });
    const send = (method, params = {}) =>
      new Promise((done, fail) => {
        waits.set(++last, [done, fail]);
        root.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: last, method, params }) }).catch(fail);
      });
    await send('Page.enable');
    await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }, { name: 'prefers-reduced-motion', value: 'reduce' }] });
    if (script) await send('Page.addScriptToEvaluateOnNewDocument', { source: script });
    return {
      go: (url) => send('Page.navigate', { url }),
      /** What an expression is, when its promise is kept. */
      async read(expression) {
        const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if (exceptionDetails) throw new Error(exceptionDetails.text);
        return result.value;
      },
      close: () => root.send('Target.disposeBrowserContext', { browserContextId }),
    };
  }
  return { open, root };
}
