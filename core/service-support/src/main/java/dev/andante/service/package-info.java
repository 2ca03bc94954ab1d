/**
 * What every Andante service does the same way: starting and stopping its gRPC server, telling
 * whether it may be given work, draining, naming failures on the wire, carrying the request id,
 * serving metrics. No role and no model lives here.
 */
@NullMarked
package dev.andante.service;

import org.jspecify.annotations.NullMarked;
