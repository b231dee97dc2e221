/** What the workflow bundle is made of: the workflows, and the interceptors that run inside them. One place, for whoever bundles. */

const path = (name: string): string => new URL(`../workflows/${name}`, import.meta.url).pathname

export const workflowsPath = path('index.ts')

/** `workflowInterceptorModules` of `bundleWorkflowCode`, `interceptors.workflowModules` of a worker without a bundle. */
export const workflowInterceptorModules: string[] = [path('traceHeader.ts')]
