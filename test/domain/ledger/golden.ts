/**
 * Bytes and hashes of two events, written down. They were checked with another language's JSON, SHA-256, HMAC and
 * AES-GCM. If a test against these fails, the format has changed, and every chain there is would stop verifying: mend the
 * code, never these.
 */
export const leastBytes = [
  '{"contactPoint":"019341f0-7c00-7000-8000-0000000000aa","flags":[],"id":"019341f0-7c00-7000-8000',
  '-000000000001","kind":"consent","occurredAt":"2026-11-23T08:15:30.123Z","purpose":"marketing","',
  'recordedAt":"2026-11-23T08:15:30.123Z","related":{},"schemaVersion":1,"seq":1,"source":{"kind":',
  '"one-click"},"state":"opted-out"}',
].join('')

export const leastHash = '1823d86b9bcb40aeefa62d7b907d00b2844f0079b8a558ae4218d059a45bf992'

export const fullBytes = [
  '{"contactPoint":"019341f0-7c00-7000-8000-0000000000aa","controller":"Example Ltd","defaultState',
  '":"unticked","expiresAt":"2028-11-23T08:15:29.000Z","flags":["no-circumstances","no-date"],"for',
  'mVersion":"sign-up/7","id":"019341f0-7c00-7000-8000-000000000002","jurisdiction":"AT","kind":"c',
  'onsent","lawfulBasis":"consent","notice":{"hash":"828a842b0ad8508d0e1b3126ccff8eae0efa1a744a839',
  'fe9fe77216d9e5c3f4e","id":"sign-up","language":"en","version":"3"},"occurredAt":"2026-11-23T08:',
  '15:29.000Z","purpose":"marketing","recordedAt":"2026-11-23T08:15:30.123Z","related":{"copyOf":"',
  '019341f0-7c00-7000-8000-00000000c0b1","delivery":"019341f0-7c00-7000-8000-00000000de11","double',
  'OptIn":"019341f0-7c00-7000-8000-00000000d001","import":"019341f0-7c00-7000-8000-000000001a00","',
  'message":"confirm-sign-up","messageVersion":2,"row":12},"retention":"P3Y","schemaVersion":1,"se',
  'aled":{"alg":"A256GCM","ciphertext":"nTodTjGkcJ1YHqW6Y1j6_AXfPGK_g2BAvmVP6BuJTyOnBSKNjQ5xUjHeYa',
  'BoFuW2ITl8agCiexAiNisxwhbs09Ge-EMSxo2Sl5eSa_uvotmoeIme55LwHYAQWrrF8ii07OVZzyPP-7vqs2Nw5ueYRlA1E',
  '4zyF_5KRqu7ytcw0He-M9MevjLhflA33LF8P_26pPvDBMq12LbfDhkXLWsWB-RsdtLdDyQ0uH5ZVwqvmsMeVt-iIFeXDKyy',
  'WAtytT17FkYtrgWEyYHRZ2KnPVBCxmjGy59IFPbdlaA1lTGj9AQHPB1S0Aq3ErXMYHNgeSUZbs-nUeo3Ur1JzswYARMZpTU',
  'T6_KcqdChAcY58UUBTpZAcGcg19_sG9ZXNKc","iv":"oKGio6Slpqeoqaqr","key":"chfRTGAbTbzxSEWZ","tag":"z',
  'z_g-hI9h1jRF9CNTDDvCg"},"seq":2,"source":{"kind":"staff","via":"branch"},"state":"opted-in","to',
  'pic":"events"}',
].join('')

/** Follows `leastHash`. */
export const fullHash = '0b9a3dc8ad4e5a1376e889bdc1ad080cc0ad561807c3214873112d73695bbd64'

export const dataKeyId = 'chfRTGAbTbzxSEWZ'
