import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorization, Maas, summary } from '../../../cli/maas/client';

test('OAuth 1.0 PLAINTEXT with an empty consumer secret', () => {
  expect(authorization('c:t:s', 1_700_000_000_123, 'n')).toBe(
    'OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", oauth_consumer_key="c", oauth_token="t", oauth_signature="%26s", oauth_nonce="n", oauth_timestamp="1700000000"',
  );
});

test.each(['', 'a:b', 'a:b:c:d', '::', 'a::c'])('%j is no API key', (key) => {
  expect(() => authorization(key)).toThrow('the API key does not have the form consumer:token:secret');
});

test.each([
  ['<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>', '502 Bad Gateway'],
  ['<h1>Page not found</h1> rest', 'Page not found'],
  ['No rack\n controllers', 'No rack controllers'],
  ['', 'no reason given'],
])('%j says %j', (text, said) => {
  expect(summary(text)).toBe(said);
});

describe('over HTTP', () => {
  let server: Server;
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/MAAS`;
  };
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  test.each([429, 502, 503, 504])('asks again after %s', async (status) => {
    let asked = 0;
    const url = await serve((request, response) => {
      expect(request.url).toBe('/MAAS/api/2.0/version/');
      response.writeHead(asked++ === 0 ? status : 200).end('{"version":"3.7.3"}');
    });
    await expect(new Maas(url, undefined, 2000).version()).resolves.toEqual({ version: '3.7.3' });
    expect(asked).toBe(2);
  });

  test('asks again when the connection breaks', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      if (asked++ === 0) request.socket.destroy();
      else response.end('[]');
    });
    await expect(new Maas(url, 'c:t:s', 2000).rackControllers()).resolves.toEqual([]);
  });

  test.each([400, 401, 403, 404, 500])('%s is MAAS’s last word', async (status) => {
    let asked = 0;
    const url = await serve((_, response) => {
      asked++;
      response.writeHead(status).end('<title>no</title>');
    });
    await expect(new Maas(url, 'c:t:s', 2000).isImporting()).rejects.toThrow(`boot-resources/?op=is_importing: HTTP ${String(status)}, no`);
    expect(asked).toBe(1);
  });

  test('gives up, with the last reason', async () => {
    const url = await serve((_, response) => response.writeHead(503).end('<title>Service Unavailable</title>'));
    await expect(new Maas(url, undefined, 300).version()).rejects.toThrow(`${url}: version/: HTTP 503, Service Unavailable`);
  });

  test('what is not MAAS is said to be so', async () => {
    const url = await serve((_, response) => response.end('<html>hello</html>'));
    await expect(new Maas(url, undefined, 0).version()).rejects.toThrow('the answer is not JSON; is this a MAAS URL?');
  });
});
