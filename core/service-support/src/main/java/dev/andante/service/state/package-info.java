/** Whether the process may be given work: starting, ready, draining. Any thread. */
@NullMarked
package dev.andante.service.state;

import org.jspecify.annotations.NullMarked;
