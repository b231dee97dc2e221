/**
 * The page around the API reference, which `@scalar/api-reference` draws from the OpenAPI document. The page loads nothing from
 * elsewhere: no fonts, no proxy, no telemetry, no AI agent. It works below any path, since all its addresses are relative.
 */
import { html } from './html.ts'

/** @param nonce of the scripts, as the policy of the answer names it */
export function docsPage(version: string, nonce: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Assent API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="reference"></div>
<noscript><p>This page needs JavaScript. The same as data: <a href="openapi.json">openapi.json</a></p></noscript>
<script src="${`docs/scalar.js?v=${version}`}" nonce="${nonce}"></script>
<script src="docs/start.js" nonce="${nonce}"></script>
</body>
</html>
`.toString()
}

/** Starts the reference. "Try it" asks the server that served the page, under whatever name it is reached. */
export const docsStart = `const base = new URL('.', location.href).href.replace(/\\/$/, '')
Scalar.createApiReference('#reference', {
  url: base + '/openapi.json',
  servers: [{ url: base }],
  theme: 'default',
  layout: 'modern',
  withDefaultFonts: false,
  telemetry: false,
  persistAuth: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  showOperationId: true,
  modelsSectionLabel: 'Schemas',
  hiddenClients: true,
  documentDownloadType: 'direct',
  authentication: { preferredSecurityScheme: 'key' },
})
`
