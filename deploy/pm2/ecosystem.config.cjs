/**
 * Tollgate under pm2: one process of pm2, and `workers` in the gateway's file for more. Several instances of pm2 would
 * be separate gateways. See docs/deployment.md.
 */
module.exports = {
  apps: [
    {
      name: 'tollgate',
      cwd: '/opt/tollgate',
      script: 'node_modules/tollgate/dist/cli/main.js',
      args: ['start', '-c', '/etc/tollgate/gateway.yaml'],
      exec_mode: 'fork',
      instances: 1,
      // The gateway reloads its own file. A restart by pm2 would cut off connections.
      watch: false,
      // More than drain_timeout (30s): pm2 kills after 1.6 seconds otherwise.
      kill_timeout: 40_000,
      env: { NODE_ENV: 'production', TOLLGATE_DATA: '/var/lib/tollgate' },
    },
  ],
};
