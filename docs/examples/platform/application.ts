/** The platform as an application: its tree, and how much of it may fail before the whole of it does. */
import { child, defineApplication, setting } from 'cambium'
import { platform } from './platform.ts'

export const application = defineApplication(import.meta.url, 'platform', {
  config: {
    intensity: setting.integer({ min: 0, default: 20 }),
    period: setting.duration({ default: '10s' }),
  },
  tree: ({ config }) => child(platform, { intensity: config.intensity, periodMs: config.period }),
})
