// Bundles what is started: the program and the scripts of the embedded server, each with the packages that a start needs,
// in few files. Run by `npm run build` after the modules are built one by one, as tests load them.

import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const outdir = 'dist/bundle'
await rm(outdir, { recursive: true, force: true })

const { metafile } = await build({
  entryPoints: ['src/cli.ts', 'src/store/embedded/supervisor.ts', 'src/store/embedded/download-mongod.ts'],
  outdir,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  metafile: true,
  // Packages in CommonJS ask for Node's own modules in their way.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  // Loaded where a screen is drawn or a server fetched, by their own ways, and chalk, whose colours ink shares; then what
  // others look for where somebody has installed it.
  external: [
    ...['ink', 'chalk', 'react', 'mongodb-memory-server-core'],
    ...[
      '@aws-sdk/*',
      '@mongodb-js/zstd',
      'aws4',
      'gcp-metadata',
      'kerberos',
      'mongodb-client-encryption',
      'snappy',
      'socks',
    ],
    ...['bufferutil', 'utf-8-validate'],
  ],
})

/** Folders of the packages that went into the bundle. */
const packages = new Set(
  Object.keys(metafile.inputs).flatMap(
    (path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? [],
  ),
)

// Their licences ask to be given along with every copy.
const licences = await Promise.all(
  [...packages].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? '' : await readFile(join(folder, file), 'utf8')
    return `${name} ${version} (${license})\n\n${text}`
  }),
)
await writeFile(join(outdir, 'LICENCES.txt'), licences.join('\n\n'))
