/**
 * `npm run lock`: completes package-lock.json after a dependency was added. npm notes the optional packages of every platform
 * there, but leaves out those that the registry it asked does not hold; `npm ci` then refuses the file as out of step. An
 * entry with version and platform is enough: npm passes it over on other platforms and fetches it on its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
]

/** The platform as such packages write it into their names, say `core-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = systems.filter((system) => words.includes(system))
  const cpu = processors.filter((processor) => words.includes(processor))
  const libc = words.includes('musl') ? ['musl'] : words.includes('gnu') ? ['glibc'] : []
  return os.length === 0 || cpu.length === 0 ? undefined : { os, cpu, ...(libc.length === 0 ? {} : { libc }) }
}

/** Adds the missing entries. Answers the paths it added; throws where a version is no plain one. */
export function completeLock(lock) {
  const { packages } = lock
  const added = []
  for (const [path, entry] of Object.entries({ ...packages }))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const at = `node_modules/${name}`
      if (packages[at] !== undefined || packages[`${path}/${at}`] !== undefined) continue
      const platform = platformOf(name)
      if (platform === undefined || !/^\d+\.\d+\.\d+[\w.+-]*$/.test(version))
        throw new Error(
          `${path} wants ${name}@${version}, which is not in package-lock.json: install it by hand`,
        )
      const kind = entry.dev === true ? { dev: true } : {}
      packages[at] = { version, ...kind, optional: true, ...platform }
      added.push(at)
    }
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(sorted)
  return added
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../package-lock.json', import.meta.url))
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const added = completeLock(lock)
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  for (const path of added) console.log(`added ${path}`)
}
