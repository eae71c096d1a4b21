/** Material for mutants: spellings that HTTP parsers have disagreed about, or might. Texts are latin1. */

/** A body that is a request to a parser that loses its framing. */
export const HIDDEN = 'GET /scoped/hidden HTTP/1.1\r\nHost: a\r\n\r\n';

/** Framing fields, in the spellings that parsers have disagreed about. */
export const FRAMING = [
  ...[
    '0',
    '5',
    '+5',
    '-1',
    ' 5',
    '5 ',
    '5, 5',
    '5,6',
    '0x5',
    '05',
    '5;',
    '',
    '99999999999999999999',
    '1e1',
  ].map((length) => `Content-Length: ${length}`),
  ...[
    'chunked',
    'Chunked',
    'chunked ',
    ' chunked',
    '\tchunked',
    '\x0bchunked',
    'xchunked',
    'chunked, chunked',
  ].map((coding) => `Transfer-Encoding: ${coding}`),
  ...['identity', 'gzip, chunked', 'chunked, identity', '"chunked"', 'chunked;q=1', '', ',', 'chunked\0'].map(
    (coding) => `Transfer-Encoding: ${coding}`,
  ),
  ...[
    'Transfer-Encoding : chunked',
    'Transfer_Encoding: chunked',
    'Content-Length\t: 5',
    ' Content-Length: 5',
  ],
  ...['Transfer-Encoding:\r\n chunked', 'Content-Length:\r\n\t5', 'X: a\rTransfer-Encoding: chunked'],
];

export const CLAIMS = [
  ...[
    'X-App-Id: root',
    'x-APP-id: root',
    'X_App_Id: root',
    'X.App.Id: root',
    'X-App-Id : root',
    'X-App-Id:root\t',
  ],
  ...['X-Token-Subject: root', 'X-Token~Scopes: *', 'X-App-Anything: a', 'X: a\nX-App-Id: root'],
  ...[
    'Connection: X-App-Id, X-Token-Scopes',
    'Connection: close',
    'Connection: Authorization, Host',
    'TE: trailers',
  ],
  ...[
    'X-Forwarded-For: ::1',
    'X-Real-IP: 127.0.0.1',
    'Forwarded: for=a',
    'X-Request-Id: a',
    'X-HTTP-Method: DELETE',
  ],
  ...[
    'Keep-Alive: 5',
    'Proxy-Connection: close',
    'Expect: 100-continue',
    'Expect: 200-ok',
    'Upgrade: websocket',
  ],
];

export const CHUNK_SIZES = [
  ...[
    '0',
    '00',
    '5',
    '05',
    '0x5',
    '+5',
    '-5',
    ' 5',
    '5 ',
    '5\t',
    '5;',
    '5;a=b',
    '5;a="\r\n',
    '5\n',
    '5\r',
    'g',
    '',
  ],
  ...['fffffffff', 'ffffffffffffffffff', '100000000', `5;${'a'.repeat(20_000)}`],
];

export const METHODS = [
  'get',
  'GET ',
  'G\tET',
  'TRACE',
  'CONNECT',
  'PRI',
  'M-SEARCH',
  'A'.repeat(300),
  'GET\0',
  'PATCH',
  'OPTIONS',
];
export const VERSIONS = [
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP/11',
  'HTTP/1.1\r',
  '',
  'ICE/1.0',
];
export const TARGETS = [
  ...[
    '/',
    '//open/a',
    '/open/../scoped/a',
    '/open/%2e%2e/scoped/a',
    '/open/..;/a',
    '/open/a#b',
    '/Open/a',
    '/open',
  ],
  ...[
    '/open/a\\b',
    '/open/%5c',
    '/open/%00',
    '/open/%252e',
    '/open/%zz',
    '/open/\xff',
    '/open/a b',
    '/scoped/a?%0d%0a',
  ],
  ...[
    'http://other.test/open/a',
    'http://gate.test',
    '*',
    'gate.test:80',
    'open/a',
    `/open/${'a'.repeat(9000)}`,
    '?',
    '',
  ],
];

/** Bytes inserted anywhere. */
export const SPICE = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    ';',
    '/',
    '//',
    '\\',
    '%',
    '%2f',
    '%00',
    '#',
    '?',
    '..',
    '\xff',
  ],
  ...['\x7f', '\r\n\r\n', '\n\n', '0\r\n\r\n', 'fffffffff', 'Host: b\r\n', HIDDEN],
];
