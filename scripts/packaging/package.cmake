# `cmake --install` and `cpack -G DEB`: the server, cairn-check, a unit for systemd, a configuration.
include(GNUInstallDirs)

# What is installed is named here, so nothing else has to be built for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
install(TARGETS cairn-server cairn-check RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES README.md redis.conf.example DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES scripts/packaging/cairn.service DESTINATION lib/systemd/system)

# The example, but for where a system keeps things.
file(READ redis.conf.example configuration)
string(REGEX REPLACE "\ndir \\.\n" "\ndir /var/lib/cairn\n" configuration "${configuration}")
string(REGEX REPLACE "\nlogfile \"\"\n" "\nlogfile /var/log/cairn/cairn-server.log\n" configuration
  "${configuration}")
foreach(line "dir /var/lib/cairn" "logfile /var/log/cairn/cairn-server.log")
  string(FIND "${configuration}" "\n${line}\n" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "redis.conf.example no longer has the line that becomes `${line}`")
  endif()
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/packaging/cairn.conf CONTENT "${configuration}" @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/packaging/cairn.conf DESTINATION /etc/cairn)
install(FILES scripts/packaging/cairn.logrotate DESTINATION /etc/logrotate.d RENAME cairn)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME cairn)
set(CPACK_PACKAGE_VENDOR Cairn)
set(CPACK_PACKAGE_CONTACT "Cairn <cairn@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "storage server that speaks the Redis protocol")
set(CPACK_PACKAGE_DESCRIPTION
  "Keeps a dataset larger than memory on disk, in a log-structured merge tree of its own, and serves
it to unchanged Redis clients. An answer means that a write is on disk.")
# With it, files under /etc and those under /usr go where they say.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "logrotate, redis-tools")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/scripts/packaging/conffiles;${CMAKE_SOURCE_DIR}/scripts/packaging/postinst;${CMAKE_SOURCE_DIR}/scripts/packaging/prerm;${CMAKE_SOURCE_DIR}/scripts/packaging/postrm")
include(CPack)
