package dev.andante.service.grpc;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * The gRPC server of a worker: every {@link BindableService} bean, on one port, each call on a
 * virtual thread.
 */
public final class GrpcServer implements SmartLifecycle {

  private static final Logger LOG = LoggerFactory.getLogger(GrpcServer.class);

  private final GrpcProperties properties;
  private final List<BindableService> services;
  private final List<ServerInterceptor> interceptors;
  private @Nullable Server server;
  private @Nullable ExecutorService executor;

  /**
   * @param interceptors outermost first
   */
  public GrpcServer(
      GrpcProperties properties,
      List<BindableService> services,
      List<ServerInterceptor> interceptors) {
    this.properties = properties;
    this.services = List.copyOf(services);
    this.interceptors = List.copyOf(interceptors);
  }

  /**
   * @throws GrpcStartException if the port cannot be bound
   */
  @Override
  public void start() {
    ExecutorService calls =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("grpc-call-", 0).factory());
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(properties.address(), properties.port()))
            .executor(calls)
            .maxInboundMessageSize(Math.toIntExact(properties.maxMessageSize().toBytes()))
            .keepAliveTime(properties.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
            .keepAliveTimeout(properties.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .permitKeepAliveTime(1, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true);
    services.forEach(builder::addService);
    for (int i = interceptors.size() - 1; i >= 0; i--) {
      builder.intercept(interceptors.get(i)); // the one added last is called first
    }
    try {
      server = builder.build().start();
    } catch (IOException e) {
      calls.close();
      throw new GrpcStartException(properties.address(), properties.port(), "andante.grpc.port", e);
    }
    executor = calls;
    LOG.info("gRPC on {}:{}", properties.address(), port());
  }

  /** The bound port. */
  public int port() {
    Server current = server;
    if (current == null) {
      throw new IllegalStateException("the gRPC server is not running");
    }
    return current.getPort();
  }

  @Override
  public void stop() {
    Server current = server;
    if (current == null) {
      return;
    }
    current.shutdown();
    try {
      if (!current.awaitTermination(2, TimeUnit.SECONDS)) {
        current.shutdownNow(); // a drain went before: what is left is what it gave up
        current.awaitTermination(2, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      current.shutdownNow();
      Thread.currentThread().interrupt();
    }
    ExecutorService calls = executor;
    if (calls != null) {
      calls.shutdown();
    }
    server = null;
  }

  @Override
  public boolean isRunning() {
    return server != null;
  }

  /** Starts after engines (default phase) and stops before them. */
  @Override
  public int getPhase() {
    return Integer.MAX_VALUE - 1000;
  }
}
