// An SMTP server (npm's smtp-server) that keeps nothing and tells everything: one line of JSON a mail. Recipients say how it
// behaves: `never@…` is refused for good, `later@…` the first time only.
import selfsigned from 'selfsigned';
import { SMTPServer } from 'smtp-server';

const options = JSON.parse(process.argv[2] || '{}');
const certificate = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
  algorithm: 'sha256',
  extensions: [
    { name: 'basicConstraints', cA: false },
    { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }] },
  ],
});
const deferred = new Set();

function refusal(code, words) {
  return Object.assign(new Error(words), { responseCode: code });
}

const server = new SMTPServer({
  secure: Boolean(options.tls),
  key: certificate.private,
  cert: certificate.cert,
  hideSTARTTLS: !options.starttls,
  disabledCommands: options.user ? [] : ['AUTH'],
  authOptional: !options.user,
  allowInsecureAuth: false,
  onAuth(auth, session, done) {
    const known = auth.username === options.user && auth.password === options.password;
    done(known ? null : refusal(535, 'wrong credentials'), { user: auth.username });
  },
  onRcptTo({ address }, session, done) {
    if (address.startsWith('never')) return done(refusal(550, 'no such mailbox'));
    if (address.startsWith('later') && !deferred.has(address)) {
      deferred.add(address);
      return done(refusal(451, 'greylisted'));
    }
    return done();
  },
  onData(stream, session, done) {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => {
      const { mailFrom, rcptTo } = session.envelope;
      console.log(JSON.stringify({
        from: mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        tls: session.secure,
        user: session.user ?? null,
        mail: Buffer.concat(chunks).toString('utf8'),
      }));
      done();
    });
  },
});
// A client that does not trust the certificate hangs up in the middle: that is what it should do.
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.server.address().port, certificate: certificate.cert }));
});
process.stdin.resume().on('end', () => process.exit());
