/** The Prometheus registry and the bucket bounds that dashboards expect. */
@NullMarked
package dev.andante.service.metrics;

import org.jspecify.annotations.NullMarked;
