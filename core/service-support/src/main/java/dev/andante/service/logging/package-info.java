/** Who speaks in the logs. Any thread. */
@NullMarked
package dev.andante.service.logging;

import org.jspecify.annotations.NullMarked;
