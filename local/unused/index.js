// package.json gives this to Azurite for applicationinsights, sequelize and its drivers. Azurite loads the first two
// at its start, whatever its options: a second of CPU time. It calls neither, since telemetry is off and blobs and
// tables live in LokiJS.
// Azurite's classes for SQL extend this one.
exports.Model = class {};
