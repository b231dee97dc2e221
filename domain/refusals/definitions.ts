/** Codes for profiles, purposes, messages and triggers that cannot be used as they are (422). */
import type { CatalogueEntries } from './entry.ts'

export const definitionCodes = {
  'wrong-purpose': {
    cause: 'The purpose is of another kind than this use needs. `message` says which kind.',
    remedy: 'Name a purpose of that kind.',
  },
  'kind-is-fixed': {
    cause: 'The kind of a purpose cannot change: recorded consents depend on it.',
    remedy: 'Create another purpose with the other kind.',
  },
  'name-reserved': {
    cause: 'Only Assent itself defines a trigger of this name.',
    remedy: 'Choose another name.',
  },
  'invalid-schema': {
    cause: 'The `schema` of a trigger is not a JSON Schema (2020-12) that Assent takes.',
    remedy: 'Correct it as `message` says.',
  },
  'schema-too-costly': {
    cause: 'Compiling the schema takes too long, or too much memory.',
    remedy: 'Simplify the schema: fewer references, alternatives and patterns.',
  },
  'payload-too-costly': {
    cause: 'Checking the payload against the schema of its trigger takes too long, or too much memory.',
    remedy: 'Send a smaller payload, or simplify the schema.',
  },
  'dkim-key-no-folder': {
    cause: 'No folder for DKIM keys is set.',
    remedy: 'An operator sets `ASSENT_DKIM_FOLDER` for the API and the worker.',
  },
  'dkim-key-bad-name': {
    cause: '`keyFile` is not the plain name of a file.',
    remedy: 'Send the name of a file in `ASSENT_DKIM_FOLDER`, such as `example-com.pem`.',
  },
  'dkim-key-not-found': {
    cause: 'The folder `ASSENT_DKIM_FOLDER` has no such file.',
    remedy: 'Put the key file there first.',
  },
  'dkim-key-outside': {
    cause: 'The key file is a link that leads out of `ASSENT_DKIM_FOLDER`.',
    remedy: 'Put the file itself into the folder.',
  },
  'dkim-key-unreadable': {
    cause: 'The key file cannot be read.',
    remedy: 'Check its permissions and its size.',
  },
  'dkim-key-cannot-sign': {
    cause: 'The key file is read, but no signature can be made with the key.',
    remedy: 'Replace it by an RSA private key in PEM, made with `openssl genrsa -out example-com.pem 2048`.',
  },
  'dkim-key-not-rsa': {
    cause: 'The key file is not an RSA private key in PEM without a password.',
    remedy: 'Make one with `openssl genrsa -out example-com.pem 2048`.',
  },
  'template-syntax': {
    cause: 'The Liquid template does not parse.',
    remedy: 'Correct it at the line that `message` names.',
  },
  'template-render': {
    cause: 'The Liquid template fails when it is rendered.',
    remedy: 'Correct it at the line that `message` names.',
  },
  'template-limit': {
    cause: 'The template renders too much text, or takes too many steps.',
    remedy: 'Simplify the template.',
  },
  'missing-part': {
    cause: 'The message has no subject or no text part.',
    remedy: 'Add the part.',
  },
  'renders-empty': {
    cause: 'The subject or the text renders empty with these values.',
    remedy: 'Add text that does not depend on the values.',
  },
  'missing-footer': {
    cause: 'A commercial mail does not show the link to the preference centre or the postal address.',
    remedy: 'Add `{{ links.preferences }}` and `{{ profile.postalAddress }}` to each part.',
  },
  'unknown-link': {
    cause: 'The template reads a link that does not exist.',
    remedy: 'Use one of the links that `message` lists.',
  },
  'wrong-link': {
    cause: 'The template reads a link that is not for this kind of message.',
    remedy: 'Remove the link, or give the message another purpose.',
  },
  'link-not-allowed': {
    cause: 'The message has a link that runs code instead of leading to a page.',
    remedy: 'Use `https:`, `http:`, `mailto:` or `tel:`.',
  },
  'link-name': {
    cause: 'A `data-link` is not 1 to 64 letters, digits, hyphens or underscores.',
    remedy: 'Correct the name.',
  },
  'too-many-links': {
    cause: 'The message has more than 1,000 links.',
    remedy: 'Use fewer links.',
  },
  'link-too-long': {
    cause: 'A link is longer than a mail may have.',
    remedy: 'Shorten the link.',
  },
  'message-too-costly': {
    cause: 'The message takes too long, or too much memory, to read or render.',
    remedy: 'Simplify the message.',
  },
  'message-not-sendable': {
    cause: 'The message cannot be sent with these values. `errors` says why.',
    remedy: 'Correct the message, or send other values.',
  },
} as const satisfies CatalogueEntries
