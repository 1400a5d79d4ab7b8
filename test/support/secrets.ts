/** One word that no masked text may hold, whole or in part. */
const secret = 'S3cr3tValueOfTheCorpus';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const jwt = `${base64url('{"alg":"RS256","typ":"JWT"}')}.${base64url(`{"sub":"${secret}"}`)}.${base64url('signature of the token')}`;
const jwtBody = jwt.split('.')[1] ?? '';
// Put together here, so that no scanner takes this file for a leak.
const key64 = `${'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsu'}${'Fq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw'}==`;
const key32 = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const pem = (label: string) => `-----BEGIN ${label}-----\nMIIEvQIBADANBgkq\n${secret}\n-----END ${label}-----`;

/** A text that holds a secret, and the piece of it that must be gone. */
export interface SecretForm {
  readonly name: string;
  readonly text: string;
  readonly gone: string;
}

const form = (name: string, text: string, gone = secret): SecretForm => ({ name, text, gone });

export const secretForms: readonly SecretForm[] = [
  form('JSON web token', `presented ${jwt}`, jwtBody),
  form('JSON web token without signature', `${jwt.split('.').slice(0, 2).join('.')}.`, jwtBody),
  form('JSON web token in an address', `GET /cb?access_token=${jwt}&x=1`, jwtBody),
  form(
    'encrypted token of five parts',
    `${base64url('{"alg":"dir"}')}..${base64url('iv')}.${base64url(secret)}.${base64url('tag')}`,
    base64url(secret),
  ),
  form('bearer header', `Authorization: Bearer ${secret}`),
  form('bearer in lower case', `bearer ${secret}`),
  form('bearer in upper case', `sent BEARER ${secret} twice`),
  form('basic header', `Authorization: Basic ${base64(`user:${secret}`)}`, base64(`user:${secret}`)),
  form('basic alone', `Basic ${base64(`user:${secret}`)} was refused`, base64(`user:${secret}`)),
  form('header in JSON', `{"authorization":"Token ${secret}","accept":"x"}`),
  form('cookie header', `Cookie: session=${secret}; theme=dark`),
  form('set-cookie header', `set-cookie: sid=${secret}; HttpOnly`),
  form('PostgreSQL address', `postgresql://zava:${secret}@db.example.net:5432/zava`),
  form('address with an at sign in the password', `postgres://zava:p@${secret}@db/zava`),
  form('address with a slash in the password', `postgres://zava:p/${secret}@db/zava`),
  form('address with an escaped password', `postgres://zava:p%40${secret}%2F@db/zava`),
  form('address in upper case', `REDIS://:${secret}@cache:6379/0`),
  form('https address', `https://user:${secret}@registry.example.net/x`),
  form('address with a token for a user', `https://${secret}@git.example.net/x`),
  form('user and password without a scheme', `zava:${secret}@db.example.net`),
  form('libpq words', `host=db user=zava password=${secret} dbname=zava`),
  form('libpq words in quotes', `host=db password='${secret} it\\'s ${secret}' dbname=zava`),
  form('ADO connection string', `Server=tcp:db,1433;User ID=zava;Password=two words ${secret};Encrypt=True`),
  form(
    'storage connection string',
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${secret};EndpointSuffix=core.windows.net`,
  ),
  form('service bus connection string', `Endpoint=sb://x.net/;SharedAccessKeyName=Root;SharedAccessKey=${secret}=`),
  form('shared access signature', `https://a.blob.core.windows.net/c?sv=2024-01-01&sp=r&sig=${secret}%3D&se=2026`),
  form('shared access signature header', `SharedAccessSignature sr=x&sig=${secret}&se=1`),
  form('Application Insights connection string', `InstrumentationKey=${secret};IngestionEndpoint=https://x/`),
  form('connection string by name', `connection_string: "Server=x;Key ${secret}"`),
  form('storage key alone', `the key ${key64} is wrong`, key64.slice(0, 20)),
  form('scope key', `k1:${key32}`, key32.slice(0, 20)),
  form('environment line', `POSTGRES_READER_PASSWORD=${secret}`),
  form('environment line with blanks', `AZURE_CLIENT_SECRET = ${secret}`),
  form('YAML line', `  client_secret: ${secret}`),
  form('JSON field', `{"password": "${secret}", "user": "zava"}`),
  form('JSON field with an escaped quote', `{"password":"a\\"${secret}","user":"zava"}`),
  form('JSON inside JSON', JSON.stringify({ body: JSON.stringify({ password: secret, user: 'zava' }) })),
  form('JavaScript object', `{ apiKey: '${secret}', user: 'zava' }`),
  form('x-api-key header', `x-api-key: ${secret}`),
  form('form body', `grant_type=client_credentials&client_secret=${secret}&scope=x`),
  form('escaped form body', `client_secret%3D${secret}`),
  form('command line with equals', `serve --db-password=${secret} --port 1`),
  form('command line with a blank', `serve --admin-token ${secret} --port 1`),
  form('private key', `key: ${pem('PRIVATE KEY')}`),
  form('RSA private key', pem('RSA PRIVATE KEY')),
  form('private key on one line', JSON.stringify({ pem: pem('EC PRIVATE KEY') })),
  form('private key that was cut off', pem('PRIVATE KEY').slice(0, -26)),
  form('tenant scope', `v1.local.1790000000.${'ab'.repeat(12)}.1,2,3.${'cd'.repeat(32)}`, 'cdcdcdcd'),
  form(
    'sealed value',
    `handle v1.k1.${base64url('nonce of 12.')}.${base64url(secret)}.${base64url('tag of 16 bytes.')}`,
    base64url(secret),
  ),
  form('e-mail address', 'customer jane.corpus@example.com was refused', 'jane.corpus'),
  form('e-mail address with a tag', 'to <jane.corpus+spam@mail.example.co.uk>', 'jane.corpus'),
  form('international e-mail address', 'an jörg.corpus@bücher.example', 'corpus'),
  form('e-mail address in an address', 'mailto:jane.corpus%40example.com', 'jane.corpus'),
  form('Slack webhook', `POST https://hooks.slack.com/services/T000/B000/${secret} failed`),
  form('Teams webhook', `https://x.webhook.office.com/webhookb2/${secret}/IncomingWebhook`),
  form('cloud access key', `id AKIA${'ABCDEFGH23456789'} used`, 'ABCDEFGH23456789'),
  form('repository token', `ghp_${secret}AndMore0123456789`),
  form('model key', `sk-proj-${secret}`),
  form('Entra ID client secret', `value abc8Q~${secret}AndMore0123`, secret),
  form('Azure AI key', `using ${`${secret}X`.padEnd(52, 'x')}JQQJ99BAACYeBjFXJ3w3AAABACOG`),
  form('stored password', `$scrypt$ln=17,r=8,p=1$c2FsdA$${secret}`),
  form('database verifier', `SCRAM-SHA-256$4096:c2FsdA==$${secret}:${secret}`),
];
