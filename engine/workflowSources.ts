/** The sources of the workflow bundle: the workflows, and the interceptors that run inside them. Everything that bundles reads them here. */

const path = (name: string): string => new URL(`../workflows/${name}`, import.meta.url).pathname

export const workflowsPath = path('index.ts')

/** `workflowInterceptorModules` of `bundleWorkflowCode`, `interceptors.workflowModules` of a worker without a bundle. */
export const workflowInterceptorModules: string[] = [path('traceHeader.ts')]
